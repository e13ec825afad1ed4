// scrub
