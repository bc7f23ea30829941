/** The module that a worker thread starts with, as `new URL('./thread.ts', import.meta.url)`. Built for publication, every module is .js. */
export function workerModule(source: URL): URL {
  const module = new URL(source);
  if (import.meta.url.endsWith('.js')) module.pathname = module.pathname.replace(/\.ts$/, '.js');
  return module;
}
