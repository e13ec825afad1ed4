// pane_step
