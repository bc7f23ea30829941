/** Exit statuses that callers of sendmail know (BSD sysexits). */
export const EX = {
  ok: 0,
  usage: 64,
  dataError: 65,
  noInput: 66,
  noUser: 67,
  noHost: 68,
  unavailable: 69,
  software: 70,
  systemError: 71,
  ioError: 74,
  temporaryFailure: 75,
  noPermission: 77,
  configuration: 78,
} as const;
