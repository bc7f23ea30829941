/** `posthorn srs …` */
import type { SrsAnswer, SrsKeyRow } from '../../../manage/forwarding/srs.ts';
import { group, leaf, type Registry } from '../command.ts';
import type { CommonOptions } from '../session.ts';

/** UTC. */
function day(at: number | undefined): string {
  return at === undefined ? '' : new Date(at).toISOString().slice(0, 10);
}

export function add(registry: Registry): void {
  const { session } = registry;
  const { out } = session;
  const srs = group(registry, 'srs', 'return paths of forwarded mail: keys, rotate, decode');
  const show = (options: CommonOptions, keys: readonly SrsKeyRow[]): void => {
    if (options.json) return out.json({ keys });
    out.table([{ title: 'Key' }, { title: 'Made' }, { title: 'Use' }, { title: 'Until' }], keys.map((key) => [key.id, day(key.createdAt), key.use, day(key.until)]), 'no keys yet');
  };
  leaf<CommonOptions>(registry, srs, 'keys', 'list the keys', '', async (options) => {
    show(options, (await session.call<{ keys: readonly SrsKeyRow[] }>(options, 'srs.keys', {})).keys);
  });
  leaf<CommonOptions>(registry, srs, 'rotate', 'make a new key; return paths made before stay good until they expire', '', async (options) => {
    show(options, (await session.call<{ keys: readonly SrsKeyRow[] }>(options, 'srs.rotate', {})).keys);
  });
  leaf<CommonOptions>(registry, srs, 'decode', 'whom a return path leads back to', '<address>', async (options, address) => {
    const answer = await session.call<SrsAnswer>(options, 'srs.decode', { address });
    if (options.json) out.json(answer);
    else out.line(answer.explanation);
    return answer.result === 'sender' ? 0 : 1;
  });
}
