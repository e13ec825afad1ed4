// told
