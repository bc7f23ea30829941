/** Text as code points, so that one wildcard is one character, whatever it takes in UTF-16. */
export function toPoints(text: string): Int32Array {
  const points = new Int32Array(text.length);
  let count = 0;
  for (let i = 0; i < text.length; i += 1) {
    const point = text.codePointAt(i) as number;
    if (point > 0xffff) i += 1;
    points[count++] = point;
  }
  return points.subarray(0, count);
}

export function fromPoints(points: Int32Array): string {
  let text = '';
  for (let i = 0; i < points.length; i += 4096) text += String.fromCodePoint(...points.subarray(i, i + 4096));
  return text;
}
