/** What goes between the main thread and the inspection thread. */
import type { Config } from '../../config/config.ts';
import type { Inspection } from '../../manage/inspection/inspection.ts';
import type { ThreadError } from '../../store/thread-protocol.ts';

export type Task = keyof Inspection;
export type SubjectOf<T extends Task> = Parameters<Inspection[T]>[0];
export type FindingOf<T extends Task> = Awaited<ReturnType<Inspection[T]>>;

/** workerData. */
export interface InspectionThreadOptions {
  readonly config: Config;
}

export type ToInspectionThread =
  | { readonly kind: 'inspect'; readonly id: number; readonly task: Task; readonly subject: unknown }
  | { readonly kind: 'reload'; readonly config: Config };

export type FromInspectionThread =
  /** Everything is loaded. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'found'; readonly id: number; readonly finding: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: ThreadError };
