/** Reads texts, lines and marks from the SVG of a figure. */

/** Throws unless `xml` is one well-formed element: tags balanced, attributes quoted and unique, no bare `&` or `<`. */
export function requireWellFormed(xml: string): void {
  const open: string[] = [];
  let roots = 0;
  let at = 0;
  const tag = /<(\/?)([a-zA-Z][\w:-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/y;
  while (at < xml.length) {
    const next = xml.indexOf('<', at);
    const text = xml.slice(at, next < 0 ? xml.length : next);
    requireEntities(text);
    if (open.length === 0 && text.trim() !== '') throw new Error(`text outside the root: ${text}`);
    if (next < 0) break;
    tag.lastIndex = next;
    const match = tag.exec(xml);
    if (match === null) throw new Error(`not a tag: ${xml.slice(next, next + 80)}`);
    const [, closing, name, attributes, empty] = match;
    requireEntities(attributes);
    const names = [...attributes.matchAll(/([\w:-]+)="/g)].map(([, attribute]) => attribute);
    if (new Set(names).size !== names.length) throw new Error(`attribute given twice: ${match[0]}`);
    if (closing !== '') {
      if (open.pop() !== name) throw new Error(`unexpected </${name}>`);
    } else if (empty === '') {
      if (open.length === 0) roots++;
      open.push(name);
    }
    at = tag.lastIndex;
  }
  if (open.length > 0 || roots !== 1) throw new Error(`${roots} roots, ${open.length} open elements`);
}

function requireEntities(text: string): void {
  if (/&(?!(?:amp|lt|gt|quot|#39|#\d+);)/.test(text)) throw new Error(`bare & in ${text.slice(0, 80)}`);
}

/** All text a figure shows, unescaped, in drawing order. */
export function texts(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) =>
    text
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&amp;', '&'),
  );
}

/** Points [x, y] of each data line, in drawing order, with its colour and dash pattern. */
export function lines(svg: string): { color: string; dash: string | undefined; points: number[][] }[] {
  return [...svg.matchAll(/<path d="M([^"Z]+)" fill="none" stroke="(#\w+)" stroke-width="2.2"([^>]*)>/g)].map(
    ([, path, color, rest]) => ({
      color,
      dash: /dasharray="([^"]+)"/.exec(rest)?.[1],
      points: path.split('L').map((point) => point.split(' ').map(Number)),
    }),
  );
}

/** Centres [x, y] of each scatter or line mark, in drawing order, with its colour and size. */
export function marks(svg: string): { color: string; size: number; point: number[] }[] {
  const pattern = /transform="matrix\(([\d.]+),0,0,[\d.]+,([-\d.]+),([-\d.]+)\)" fill="(#\w+)"/g;
  return [...svg.matchAll(pattern)].map(([, size, x, y, color]) => ({
    color,
    size: Number(size) * 2,
    point: [Number(x), Number(y)],
  }));
}
