/** One report as a message of ours, and what it means when our own door refuses it. */
import { Failure } from '../../base/errors.ts';
import type { OwnMail } from '../../contract/own-mail.ts';
import type { Outcome } from './report-run.ts';

export async function mailReport(ownMail: OwnMail, destination: string, address: string, content: Buffer): Promise<Outcome> {
  try {
    const { id } = await ownMail.send({ recipients: [address], content });
    return { state: 'sent', destination, messageId: id };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { state: error.temporary ? 'again' : 'failed', destination, detail: error.message };
  }
}
