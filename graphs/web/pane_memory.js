// pane_memory
