/** A TLS report as it is posted (RFC 8460 §5.4). Anybody may post, so only JSON is read (no XML, no archive), and less of it than of mail. */
import { REPORT_IN_LIMITS } from '../../base/report-in-limits.ts';
import type { TlsReport } from '../../contract/reports.ts';
import { readTlsJson } from './tls-json.ts';
import { unpackedGzip, UnreadableReport } from './unpack.ts';

/** `why`: it is none, in words. */
export type PostedTlsReport = { readonly report: TlsReport } | { readonly why: string };

export async function readPostedTlsReport(body: Buffer): Promise<PostedTlsReport> {
  try {
    return { report: await readTlsJson(unpackedGzip(body), REPORT_IN_LIMITS.httpJsonBytesMax) };
  } catch (error) {
    if (error instanceof UnreadableReport) return { why: error.message };
    throw error;
  }
}
