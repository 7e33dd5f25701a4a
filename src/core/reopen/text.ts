/** As VS Code does, and git: in how many of the first bytes a zero is looked for. */
const looked = 8_000;

/** UTF-16 has zeros, too, behind its mark. */
export function looksLikeText(bytes: Uint8Array): boolean {
  const marked = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  return marked || !bytes.subarray(0, looked).includes(0);
}
