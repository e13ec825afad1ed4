// pane_log
