/** Which route answers a request: exact paths first, then the longest prefix. Pure. */
import type { HttpRoute } from '../../contract/http-route.ts';

export type RouteChoice =
  /** In the order in which they are asked; the first that answers counts. */
  | { readonly kind: 'routes'; readonly routes: readonly HttpRoute[] }
  /** The path is there, the method is not; `allow` for the field of that name (RFC 9110 §10.2.1). */
  | { readonly kind: 'wrong-method'; readonly allow: string }
  | { readonly kind: 'none' };

/** `method` as sent. HEAD is served by what serves GET (RFC 9110 §9.3.2). */
export function chooseRoutes(routes: readonly HttpRoute[], request: { readonly method: string; readonly host: string; readonly path: string }): RouteChoice {
  const here = routes.filter((route) => fitsPath(route.path, request.path) && (route.host?.(request.host) ?? true));
  if (here.length === 0) return { kind: 'none' };
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const fitting = here.filter((route) => route.method === method).toSorted((a, b) => precision(b.path) - precision(a.path));
  if (fitting.length > 0) return { kind: 'routes', routes: fitting };
  return { kind: 'wrong-method', allow: [...new Set(here.flatMap((route) => (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method])))].join(', ') };
}

function fitsPath(pattern: string, path: string): boolean {
  return pattern.endsWith('/*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}

function precision(pattern: string): number {
  return pattern.endsWith('/*') ? pattern.length : Number.MAX_SAFE_INTEGER;
}
