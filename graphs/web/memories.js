// What a record changed, by edits: of an update or a merge, which close one memory and add another, the latter alone.
coterie.editsOf = (record) => (record.changes || []).filter((change) => !change.after?.superseded_by);

// The memory as of each moment: what the store held when the run began, and every change since.
coterie.Memories = class {
  constructor(before, older, records) {
    this.before = before || [];
    this.older = older || 0; // how many more there were, with which these first records had nothing to do
    this.records = records;
    this.known = before !== null && before !== undefined;
    this.events = []; // the records that read or change the memory
    this.states = [];
  }

  take(record) {
    const changes = record.changes || [];
    if (
      record.kind === "memory_recalled" ||
      changes.length ||
      (record.refused || []).length ||
      (record.held || []).length
    ) {
      this.events.push(record);
    }
  }

  // The rows when `index` records have been told. Do not change what it returns.
  at(index) {
    const count = coterie.upTo(this.events, index - 1, (record) => record.index);
    while (this.states.length <= count) {
      const state = this.states.length
        ? this.after(this.states.at(-1), this.events[this.states.length - 1])
        : { rows: this.first(), older: this.older, read: null, reads: 0, writes: 0, refused: [], held: [], last: null, table: null };
      this.states.push(state);
    }
    return this.states[count];
  }

  first() {
    return new Map(this.before.map((value) => [value.memory_id, { value, changes: [], gone: false }]));
  }

  // The rows are shared with the state before, where nothing is another: a store may hold many, and be read often.
  after(state, record) {
    const met = (record.hits || []).filter((hit) => !state.rows.has(hit.memory_id));
    const rows = met.length || record.changes?.length ? new Map(state.rows) : state.rows;
    const now = { ...state, rows, table: null };
    if (record.index >= this.records) {
      const changed = (record.changes || []).filter((change) => change.before && !state.rows.has(change.memory_id));
      now.older = Math.max(state.older - met.length - changed.length, 0);
    }
    if (record.kind === "memory_recalled") {
      now.reads += 1;
      now.read = record;
      // Memories that were there before the run, and are first heard of when they are read.
      for (const hit of met) rows.set(hit.memory_id, { value: hit, changes: [], gone: false });
      return now;
    }
    for (const change of record.changes || []) this.change(rows, change, record);
    if ((record.changes || []).length) now.last = record;
    now.writes += coterie.editsOf(record).length;
    now.refused = [...state.refused, ...(record.refused || []).map((one) => ({ ...one, record }))];
    now.held = [...state.held, ...(record.held || []).map((one) => ({ ...one, record }))];
    return now;
  }

  change(rows, change, record) {
    const value = change.after || change.before;
    if (!value) return;
    const id = change.memory_id || value.memory_id;
    const before = rows.get(id) || { value: change.before || value, changes: [], gone: false };
    rows.set(id, {
      value,
      changes: [...before.changes, { ...change, record }],
      gone: !change.after || Boolean(value.valid_until) || Boolean(value.superseded_by),
    });
  }
};

// How many memories hold.
coterie.held = (state) => coterie.table(state).open.length + state.older;

// The rows as they are shown: what is open with what it took the place of, then what was closed or removed. It is made
// once for each state: the graph asks with every frame how much there is.
coterie.table = (state) => (state.table ??= coterie.tabled(state));

coterie.tabled = (state) => {
  const rows = [...state.rows.entries()].map(([id, row]) => ({ id, ...row, olds: [] }));
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const row of rows) if (row.gone && row.value.superseded_by) byId.get(row.value.superseded_by)?.olds.push(row);
  return {
    open: rows.filter((row) => !row.gone),
    // One that was reworded is shown as the difference in its successor's row; merged and removed ones are listed.
    closed: rows.filter((row) => row.gone && (byId.get(row.value.superseded_by)?.olds.length ?? 0) !== 1),
  };
};
