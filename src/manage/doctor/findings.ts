/** Findings about something published, for those who show them. */
export { isBad, type DeploymentFinding } from '../../verify/deployment-finding.ts';
export { bimiRecord as bimiRecordOf } from '../../verify/bimi/check-bimi.ts';
