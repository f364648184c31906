import type { Arena } from 'unbraid';
/** placeholder until the library exports decoupleAdvantages */
export function decoupled(_arena: Arena, k: Float64Array, u: Float64Array): Float64Array {
  const n = u.length; let d = 0; for (let i = 0; i < n; i++) d += k[i * n + i]; d /= n;
  const lam = 0.1 * d; const M = Float64Array.from(k); const x = new Float64Array(n);
  for (let i = 0; i < n; i++) { x[i] = (k[i * n + i] + lam) * u[i]; M[i * n + i] += lam; }
  for (let c = 0; c < n; c++) for (let q = c + 1; q < n; q++) { const f = M[q * n + c] / M[c * n + c]; if (f) { for (let j = c; j < n; j++) M[q * n + j] -= f * M[c * n + j]; x[q] -= f * x[c]; } }
  for (let c = n - 1; c >= 0; c--) { let s = x[c]; for (let j = c + 1; j < n; j++) s -= M[c * n + j] * x[j]; x[c] = s / M[c * n + c]; }
  let a = 0, b = 0; for (let i = 0; i < n; i++) { a += u[i] * u[i]; b += x[i] * x[i]; }
  return x.map((v) => v * Math.sqrt(a / b));
}
