/** The scripts of users, in their place in a running server. */
import { concatenate, BufferSource } from '../base/byte-source.ts';
import type { Clock } from '../base/clock.ts';
import { SMTP_SERVER_LIMITS } from '../base/limits.ts';
import type { Log } from '../base/log.ts';
import { createQueueId } from '../base/queue-id.ts';
import type { Config } from '../config/config.ts';
import type { Directory } from '../contract/directory.ts';
import type { LocalFilter } from '../contract/local-filter.ts';
import type { SendingBrake } from '../contract/sending-brake.ts';
import { createForwarder } from '../flow/forward/forwarder.ts';
import { AnswersUnderWay } from '../flow/sieve/answers-under-way.ts';
import { createSieveFilter } from '../flow/sieve/filter.ts';
import { Turns } from '../flow/sieve/turns.ts';
import { ScriptSources } from '../flow/sieve/script-sources.ts';
import type { Signer } from '../flow/sign/signer.ts';
import { parseHeader } from '../mail/header.ts';
import type { Store } from '../store/store.ts';
import { withinLimits } from './sending-brake.ts';

export interface SieveFilterPorts {
  /** The live one: a reload changes what it says. */
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly directory: Directory;
  readonly signer: Signer;
  /** Asked about what scripts send. */
  readonly brake: SendingBrake;
}

export function createLocalFilter({ config, clock, log, store, directory, signer, brake }: SieveFilterPorts): LocalFilter {
  const { scripts, mailbox } = store;
  const forwarder = createForwarder({ directory, store: store.srs, config, clock });
  return createSieveFilter({
    config,
    clock,
    log,
    directory,
    scripts,
    folders: mailbox.folders,
    annotations: mailbox.annotations,
    sources: new ScriptSources({ config, scripts, log }),
    turns: new Turns(),
    forward: async (envelope, header) => (await forwarder.forward(envelope, header, false)).recipients,
    queueId: createQueueId,
    lifetimeMs: () => config.queue.lifetimeMs,
    hopsMax: SMTP_SERVER_LIMITS.receivedFieldsMax,
    sign: async (content, domain) => {
      const header = parseHeader(await content.read(0, Math.min(content.size, SMTP_SERVER_LIMITS.headerBytesMax)));
      const { fields } = await signer.sign({ header, content, fromDomain: domain });
      return concatenate([new BufferSource(fields), content]);
    },
    within: (account, items) => withinLimits(brake, directory, account, items),
    answering: new AnswersUnderWay(clock),
    version: process.version,
  });
}
