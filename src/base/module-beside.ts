/** Where a worker thread finds its module: next to the one that starts it. Built for publication, every module is .js. */

/** `from` is import.meta.url, `path` as in an import. */
export function moduleBeside(from: string, path: string): URL {
  const module = new URL(path, from);
  if (from.endsWith('.js')) module.pathname = module.pathname.replace(/\.ts$/, '.js');
  return module;
}
