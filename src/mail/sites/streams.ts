/** The streams of outgoing mail: mail that overtakes, mail of people and programs, mail to many. */
export const STREAMS = ['urgent', 'transactional', 'bulk'] as const;
export type Stream = (typeof STREAMS)[number];
