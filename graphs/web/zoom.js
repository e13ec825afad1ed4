// Zooming and panning a drawing by its viewBox: wheel, dragging, two fingers, buttons.
coterie.Zoom = class {
  constructor(svg) {
    this.svg = svg;
    const box = svg.viewBox.baseVal;
    this.whole = box?.width ? [box.x, box.y, box.width, box.height] : [0, 0, 100, 100];
    this.fingers = new Map();
    this.moved = false;
    for (const name of ["width", "height", "style"]) svg.removeAttribute(name);
    svg.setAttribute("preserveAspectRatio", "xMidYMid meet");
    svg.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    svg.addEventListener("pointerdown", (event) => this.down(event));
    svg.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      svg.addEventListener(name, (event) => this.fingers.delete(event.pointerId));
    }
    this.fit();
  }

  // The whole drawing; a small one is not blown up beyond its size by more than a half.
  fit() {
    const [x, y, width, height] = this.whole;
    const grow = Math.max(1, (this.svg.clientWidth || width) / width / 1.5);
    const high = Math.max(1, (this.svg.clientHeight || height) / height / 1.5);
    const more = Math.max(1, Math.min(grow, high));
    this.set(x - (width * (more - 1)) / 2, y - (height * (more - 1)) / 2, width * more, height * more);
  }

  set(x, y, width, height) {
    this.box = [x, y, width, height];
    this.svg.setAttribute("viewBox", this.box.map((one) => one.toFixed(2)).join(" "));
  }

  // Pixels to the drawing's own units.
  get unit() {
    return Math.max(this.box[2] / (this.svg.clientWidth || 1), this.box[3] / (this.svg.clientHeight || 1));
  }

  at(event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    return [point.x, point.y];
  }

  by(factor, [x, y] = [this.box[0] + this.box[2] / 2, this.box[1] + this.box[3] / 2]) {
    const width = Math.min(Math.max(this.box[2] / factor, this.whole[2] / 40), this.whole[2] * 4);
    const ratio = width / this.box[2];
    this.set(x - (x - this.box[0]) * ratio, y - (y - this.box[1]) * ratio, width, this.box[3] * ratio);
  }

  wheel(event) {
    event.preventDefault();
    this.by(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), this.at(event));
  }

  down(event) {
    this.fingers.set(event.pointerId, event);
    this.moved = false;
  }

  move(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    if (event.buttons === 0) return this.fingers.delete(event.pointerId);
    const [right, down] = [event.clientX - before.clientX, event.clientY - before.clientY];
    if (!this.moved && Math.hypot(right, down) < 4) return; // a click that trembles
    if (!this.moved) this.svg.setPointerCapture(event.pointerId);
    this.moved = true;
    const others = [...this.fingers.values()].filter((one) => one.pointerId !== event.pointerId);
    if (others.length) this.pinch(before, event, others[0]);
    else this.set(this.box[0] - right * this.unit, this.box[1] - down * this.unit, this.box[2], this.box[3]);
    this.fingers.set(event.pointerId, event);
  }

  pinch(before, event, other) {
    const far = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
    this.by(far(event) / far(before), this.at(other));
  }
};
