/**
 * Questions that session threads ask the main thread, because the answer depends on what all of them do (guessing of
 * passwords is slowed down over all connections) and is wanted rarely. To add one: a line in the tables, and whoever
 * asks it.
 */
import type { Failure } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import type { CheckRecipient } from '../../contract/recipient-check.ts';
import type { Login } from '../../contract/directory.ts';
import type { SendingBrake } from '../../contract/sending-brake.ts';
import type { RunningLogin } from '../../login/login.ts';
import { offeredByPolicy } from '../../login/mechanisms.ts';
import { asBuffer } from '../../store/call.ts';
import { failureOf } from '../../store/caller.ts';
import type { ThreadError } from '../../store/thread-protocol.ts';

export interface AnswerPorts {
  readonly checkRecipient: CheckRecipient;
  readonly login: RunningLogin;
  readonly brake: SendingBrake;
}

/** Of what each question carries, and what it is answered. */
interface QuestionTable {
  'login.password': Login['password'];
  'recipient.check': CheckRecipient;
  'login.scram-sha-256': Login['scramSha256'];
  'login.scram-finished': Login['scramFinished'];
  'login.bearer': Login['bearer'];
  'login.withdrawn': Login['withdrawn'];
  'login.provision': RunningLogin['provision'];
  'brake.judge': SendingBrake['judge'];
}

type Question = keyof QuestionTable;

const ANSWERS: { readonly [Q in Question]: (ports: AnswerPorts, ...args: Parameters<QuestionTable[Q]>) => ReturnType<QuestionTable[Q]> } = {
  'recipient.check': ({ checkRecipient }, ...args) => checkRecipient(...args),
  'login.password': ({ login }, ...args) => login.password(...args),
  'login.scram-sha-256': ({ login }, ...args) => login.scramSha256(...args),
  'login.scram-finished': ({ login }, ...args) => login.scramFinished(...args),
  'login.bearer': ({ login }, ...args) => login.bearer(...args),
  'login.withdrawn': ({ login }, ...args) => login.withdrawn(...args),
  'login.provision': ({ login }, ...args) => login.provision(...args),
  'brake.judge': ({ brake }, ...args) => brake.judge(...args),
};

/** In the main thread. Rejects with what the port rejects with. */
export async function answerQuestion(ports: AnswerPorts, question: string, args: readonly unknown[]): Promise<unknown> {
  const answer = ANSWERS[question as Question] as ((ports: AnswerPorts, ...args: readonly unknown[]) => Promise<unknown>) | undefined;
  if (!answer) throw new Error(`nobody answers ${question}`);
  return answer(ports, ...args);
}

/** In a session thread: the questions that wait for their answers. */
export class Questions {
  readonly #post: (id: number, question: string, args: readonly unknown[]) => void;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Failure): void }>();
  #nextId = 1;

  constructor(post: (id: number, question: string, args: readonly unknown[]) => void) {
    this.#post = post;
  }

  ask<Q extends Question>(question: Q, ...args: Parameters<QuestionTable[Q]>): ReturnType<QuestionTable[Q]> {
    const answered = new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      this.#post(id, question, args);
    });
    return answered as ReturnType<QuestionTable[Q]>;
  }

  settle(id: number, value: unknown, error: ThreadError | undefined): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(failureOf(error));
    else waiting?.resolve(value);
  }
}

/** `config` is the live one: which mechanisms are offered is its to say, and asks nobody. */
export function createAskingLogin(questions: Questions, config: Pick<Config, 'login'>): Login {
  return {
    get mechanisms() {
      return offeredByPolicy(config.login);
    },
    password: (user, password, context) => questions.ask('login.password', user, password, context),
    scramSha256: async (user, context) => {
      const credentials = await questions.ask('login.scram-sha-256', user, context);
      const { salt, storedKey, serverKey } = credentials;
      return { ...credentials, salt: asBuffer(salt), storedKey: asBuffer(storedKey), serverKey: asBuffer(serverKey) };
    },
    scramFinished: (user, ok, context) => questions.ask('login.scram-finished', user, ok, context),
    bearer: (user, token, context) => questions.ask('login.bearer', user, token, context),
    withdrawn: (sessions) => questions.ask('login.withdrawn', sessions),
  };
}

/** One question for each message that an account sends. */
export function createAskingBrake(questions: Questions): SendingBrake {
  return { judge: (message) => questions.ask('brake.judge', message) };
}
