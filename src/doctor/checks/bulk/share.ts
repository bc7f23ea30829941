/** A share as people write it: 0.25 %, 4 %. */
export function percent(share: number): string {
  const value = share * 100;
  return `${value < 10 ? Number(value.toFixed(2)) : Math.round(value)} %`;
}
