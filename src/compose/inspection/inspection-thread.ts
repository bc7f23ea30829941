/**
 * The inspection thread: reads what strangers wrote, which may be made to take long. It holds nothing that anybody needs:
 * the main thread may end it at any moment.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { SystemClock } from '../../base/clock.ts';
import { Failure } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import { inspectHere } from '../../manage/inspection/inspect-here.ts';
import type { GuardQuestion } from '../../manage/doctor/guard-examination.ts';
import type { Inspection, ScoreSubject } from '../../manage/inspection/inspection.ts';
import { createResolver } from '../../net/resolver.ts';
import { asBuffer } from '../../store/call.ts';
import type { ThreadError } from '../../store/thread-protocol.ts';
import { createDoctorNetwork } from '../doctor-network.ts';
import { createLiveConfig } from '../live-config.ts';
import { freshDnsOf } from './fresh-dns.ts';
import type { FindingOf, FromInspectionThread, InspectionThreadOptions, Task, ToInspectionThread } from './inspection-protocol.ts';

async function start(port: MessagePort, options: InspectionThreadOptions): Promise<void> {
  const tell = (message: FromInspectionThread): void => port.postMessage(message, []);
  const clock = new SystemClock();
  const live = createLiveConfig(options.config);
  const { config } = live;
  const { servers, trustAd } = config.dns;
  const dns = createResolver({ servers, trustAd, clock, log: silentLog });
  const network = await createDoctorNetwork({ config, servers, dns, clock });
  const inspection = inspectHere({ dns, clock, network, freshDns: freshDnsOf({ config, clock, log: silentLog }), doctor: () => config.doctor });
  port.on('message', (message: ToInspectionThread) => {
    if (message.kind === 'reload') {
      live.replace(message.config);
      dns.flush();
      return;
    }
    const { id, task, subject } = message;
    inspect(inspection, task, subject).then(
      (finding) => tell({ kind: 'found', id, finding }),
      (error: unknown) => tell({ kind: 'failed', id, error: described(error) }),
    );
  });
  tell({ kind: 'ready' });
}

/** Bytes come as a Uint8Array out of the other thread. */
async function inspect(inspection: Inspection, task: Task, subject: unknown): Promise<FindingOf<Task>> {
  if (task === 'examine') return inspection.examine(subject as GuardQuestion);
  if (task !== 'score') return inspection[task](asBuffer(subject as Uint8Array));
  const question = subject as ScoreSubject;
  return inspection.score({ ...question, message: asBuffer(question.message) });
}

/** What is no Failure is a fault of ours: temporary, like everything unknown. */
function described(error: unknown): ThreadError {
  if (error instanceof Failure) return { code: error.code, message: error.message, temporary: error.temporary };
  return { code: 'inspection-failed', message: 'it could not be read now', temporary: true, cause: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

// What goes wrong ends the thread; the main thread hears of that.
if (parentPort) await start(parentPort, workerData as InspectionThreadOptions);
