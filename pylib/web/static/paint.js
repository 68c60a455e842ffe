// The brush: class indices painted over the model's own, sent as the PNG that the file field takes.
"use strict";

const CRC = new Uint32Array(256).map((_, n) => { let c = n; for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1; return c; });

function chunk(name, data) {
  const bytes = new Uint8Array(12 + data.length), view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = name.charCodeAt(i);
  bytes.set(data, 8);
  let crc = 0xffffffff;
  for (let i = 4; i < 8 + data.length; i++) crc = CRC[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  view.setUint32(8 + data.length, (crc ^ 0xffffffff) >>> 0);
  return bytes;
}

// A grey PNG of 8 bits, written here since a canvas may give other values than were drawn (colour management, privacy).
// https://www.w3.org/TR/png-3/
async function png(indices, width, height) {
  const rows = new Uint8Array(height * (width + 1));
  for (let y = 0; y < height; y++) rows.set(indices.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const stream = new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"));
  const data = new Uint8Array(await new Response(stream).arrayBuffer());
  const head = new Uint8Array(13), view = new DataView(head.buffer);
  view.setUint32(0, width); view.setUint32(4, height); head[8] = 8;
  const parts = [new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]), chunk("IHDR", head), chunk("IDAT", data), chunk("IEND", new Uint8Array())];
  return new File(parts, "mask.png", { type: "image/png" });
}

async function paint(root) {
  const width = Number(root.dataset.width), height = Number(root.dataset.height);
  const answer = await fetch(root.dataset.indices, { credentials: "same-origin" });
  const before = new Uint8Array(await answer.arrayBuffer());
  let indices = before.slice(), strokes = [];
  const form = root.closest("form"), canvas = root.querySelector("canvas"), undo = root.querySelector("[data-undo]");
  const said = root.querySelector("[data-painted]"), size = root.querySelector("[data-brush]");
  const scale = Math.min(1, 1024 / Math.max(width, height));
  canvas.width = Math.max(1, Math.round(width * scale)); canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  const colours = [...root.querySelectorAll("[data-class]")].map((input) => {
    const colour = getComputedStyle(input.parentElement.querySelector(".swatch")).getPropertyValue("--class").trim();
    return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  });

  const show = (left = 0, top = 0, right = canvas.width, bottom = canvas.height) => {
    left = Math.max(0, Math.floor(left)); top = Math.max(0, Math.floor(top));
    right = Math.min(canvas.width, Math.ceil(right)); bottom = Math.min(canvas.height, Math.ceil(bottom));
    if (right <= left || bottom <= top) return;
    const picture = context.createImageData(right - left, bottom - top);
    for (let y = top, at = 0; y < bottom; y++) {
      const row = Math.min(height - 1, Math.floor((y + .5) * height / canvas.height)) * width;
      for (let x = left; x < right; x++, at += 4) {
        const colour = colours[indices[row + Math.min(width - 1, Math.floor((x + .5) * width / canvas.width))]];
        if (!colour) continue;
        picture.data[at] = colour[0]; picture.data[at + 1] = colour[1]; picture.data[at + 2] = colour[2]; picture.data[at + 3] = 255;
      }
    }
    context.putImageData(picture, left, top);
  };
  const stamp = (x, y, radius, value) => {
    const top = Math.max(0, Math.ceil(y - radius)), bottom = Math.min(height - 1, Math.floor(y + radius));
    for (let row = top; row <= bottom; row++) {
      const half = Math.sqrt(Math.max(0, radius * radius - (row - y) ** 2));
      const from = Math.max(0, Math.ceil(x - half)), to = Math.min(width - 1, Math.floor(x + half));
      if (to >= from) indices.fill(value, row * width + from, row * width + to + 1);
    }
  };
  const line = (from, to, radius, value) => {
    const steps = Math.max(1, Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / Math.max(.5, radius / 2)));
    for (let i = 0; i <= steps; i++) stamp(from[0] + (to[0] - from[0]) * i / steps, from[1] + (to[1] - from[1]) * i / steps, radius, value);
    const factor = canvas.width / width, edge = radius + 2;
    show((Math.min(from[0], to[0]) - edge) * factor, (Math.min(from[1], to[1]) - edge) * factor, (Math.max(from[0], to[0]) + edge) * factor, (Math.max(from[1], to[1]) + edge) * factor);
  };
  const changed = () => {
    undo.disabled = !strokes.length;
    said.textContent = strokes.length ? `Painted ${strokes.length} time${strokes.length > 1 ? "s" : ""}: this mask will be sent as what is right.` : "";
    if (strokes.length) form.querySelector("[name=verdict][value=wrong]").click();
  };
  const value = () => Number(root.querySelector("[data-class]:checked").value);
  const radius = () => Math.max(.5, size.value / 200 * Math.max(width, height));
  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width * width - .5, (event.clientY - box.top) / box.height * height - .5];
  };
  const begin = (at) => {
    strokes.push({ value: value(), radius: radius(), points: [at] });
    line(at, at, radius(), value());
  };
  const goOn = (at) => {
    const stroke = strokes.at(-1);
    line(stroke.points.at(-1), at, stroke.radius, stroke.value);
    stroke.points.push(at);
  };
  const takeBack = () => {
    strokes.pop();
    indices = before.slice();
    for (const stroke of strokes) stroke.points.forEach((at, i) => line(stroke.points[Math.max(0, i - 1)], at, stroke.radius, stroke.value));
    show(); changed();
  };

  let drawing = false;
  canvas.addEventListener("pointerdown", (event) => { event.preventDefault(); canvas.focus(); canvas.setPointerCapture(event.pointerId); drawing = true; begin(point(event)); });
  canvas.addEventListener("pointermove", (event) => { if (drawing) for (const each of event.getCoalescedEvents?.() ?? [event]) goOn(point(each)); });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { if (drawing) { drawing = false; changed(); } });
  undo.addEventListener("click", takeBack);

  let spot = [width / 2, height / 2], ring = null;
  const mark = () => {
    show();
    context.beginPath();
    context.arc(spot[0] * canvas.width / width, spot[1] * canvas.height / height, Math.max(2, radius() * canvas.width / width), 0, 7);
    context.strokeStyle = "#000"; context.lineWidth = 3; context.stroke();
    context.strokeStyle = "#fff"; context.lineWidth = 1; context.stroke();
    ring = true;
  };
  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (move) {
      spot = [Math.min(width - 1, Math.max(0, spot[0] + move[0] * radius())), Math.min(height - 1, Math.max(0, spot[1] + move[1] * radius()))];
    } else if (event.key === " ") { begin(spot); changed(); } else if (event.key === "u" && strokes.length) takeBack();
    else return;
    event.preventDefault(); event.stopPropagation(); mark();
  });
  canvas.addEventListener("blur", () => { if (ring) { show(); ring = null; } });

  const seen = root.querySelector("[data-seen]"), fade = () => { canvas.style.opacity = seen.value / 100; };
  seen.addEventListener("input", fade); fade(); show();

  let ready = false;
  form.addEventListener("submit", async (event) => {
    if (ready || !strokes.length || form.querySelector("[name=verdict]:checked")?.value !== "wrong") return;
    event.preventDefault(); event.stopPropagation();
    const list = new DataTransfer();
    list.items.add(await png(indices, width, height));
    form.querySelector(`[name=${root.dataset.file}]`).files = list.files;
    ready = true;
    form.requestSubmit();
  });
  root.dataset.ready = "yes";
}

document.querySelectorAll("[data-paint]").forEach(paint);
