/** Copies README, docs and other pages to the stage, with links that work inside the package. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './build.ts';

/** The data and figures of studies: 1.5 MB that the pages link to. */
const data = /^docs\/results\/(?!.*\.md$)|^docs\/results\/[^/]+\//;

/** A link or image of a page: `[text](target)` with an optional `!` before it. */
const link = /(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)/g;

/** Relative targets of the links of a page, as paths from the package's root, without their anchors. */
export function linkTargets(path: string, text: string): string[] {
  return [...text.matchAll(link)]
    .map(([, , , target]) => target)
    .filter((target) => !/^(?:[a-z]+:|#)/.test(target))
    .map((target) => join(dirname(path), target.replace(/#.*/, '')));
}

/** The page with links to files outside the package replaced by their text. */
function withoutDeadLinks(path: string, text: string, has: (target: string) => boolean): string {
  return text.replace(link, (whole, image: string, label: string) => {
    const [target] = linkTargets(path, whole);
    if (target === undefined || has(target)) return whole;
    return image === '' ? label : `*Figure, in the repository only: ${label}*`;
  });
}

function filesBelow(path: string): string[] {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  const inside = readdirSync(join(root, path), { recursive: true, encoding: 'utf8' }).sort();
  return inside.map((name) => join(path, name)).filter((file) => statSync(join(root, file)).isFile());
}

/**
 * Stages pages and the figures that belong to them. Data of studies stays in the repository.
 *
 * @param paths files and folders, relative to the root
 */
export function stageText(stage: string, paths: readonly string[]): void {
  const files = paths.flatMap(filesBelow).filter((path) => !data.test(path));
  for (const path of files) {
    mkdirSync(dirname(join(stage, path)), { recursive: true });
    cpSync(join(root, path), join(stage, path));
  }
  for (const path of files.filter((file) => file.endsWith('.md'))) {
    const text = readFileSync(join(root, path), 'utf8');
    const has = (target: string): boolean => existsSync(join(stage, target));
    writeFileSync(join(stage, path), withoutDeadLinks(path, text, has));
  }
}
