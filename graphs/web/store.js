// The moment that is shown, and what is selected. Whoever draws something is told once a frame.
coterie.store = {
  data: null,
  run: null,
  index: 0, // how many records have been told
  time: 0, // where the cursor stands, in ms from the run's start
  step: null, // the step that somebody chose
  key: null, // the node or cluster of the graph that goes with it, also of one that has not run
  following: true, // live: the moment goes with the newest record
  watchers: [],
  waiting: false,

  watch(draw) {
    this.watchers.push(draw);
  },

  changed() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      for (const draw of this.watchers) draw(this.run);
    });
  },

  // Show another run.
  load(data) {
    this.data = data;
    this.run = new coterie.Run(data);
    this.step = this.key = null;
    this.following = true;
    for (const load of Object.values(coterie.hooks)) load(this.run);
    this.goToIndex(this.run.records.length);
  },

  // More records of the run that is shown.
  append(records) {
    this.run.add(records);
    for (const load of Object.values(coterie.hooks)) load(this.run, true);
    if (this.following) this.goToIndex(this.run.records.length);
    else this.changed();
  },

  goToIndex(index) {
    const last = this.run.records.length;
    this.index = Math.min(Math.max(index, 0), last);
    this.time = this.index ? this.run.records[this.index - 1].t : 0;
    this.following = this.index === last;
    this.changed();
  },

  goToTime(time) {
    this.time = Math.min(Math.max(time, 0), this.run.length);
    this.index = coterie.upTo(this.run.records, this.time + 1e-6, (record) => record.t);
    this.following = this.index === this.run.records.length;
    this.changed();
  },

  // Choose a step (null: none), and show what it did.
  select(step, show = true) {
    this.step = step;
    this.key = step ? step.key : null;
    if (step && show) coterie.show("step");
    this.changed();
  },

  // Choose a node or cluster: its last step up to now, else its first.
  pick(key) {
    const steps = this.run.byKey.get(key) || [];
    const before = steps.filter((step) => step.first < this.index);
    this.step = before.at(-1) || steps[0] || null;
    this.key = key;
    coterie.show("step");
    this.changed();
  },

  // The step that the panes are about: the chosen one, or the one that was heard of last.
  current() {
    if (this.step) return this.step;
    for (let place = this.index - 1; place >= 0; place -= 1) {
      const step = this.run.byId.get(this.run.records[place].step);
      if (step) return step;
    }
    return null;
  },
};
