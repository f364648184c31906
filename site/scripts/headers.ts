const policy = (connect: string): string =>
  `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src ${connect}; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** Headers with which the site is served. The first three give a page memory that threads share. */
export const siteHeaders = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': policy("'self'"),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
} as const;

/**
 * Policies of pages that need one of their own, by their path. A visitor names the gateway of the volunteer page, so
 * that page may connect to any host with TLS and to this machine. Its workers keep the policy of the site.
 */
export const pagePolicies: Readonly<Record<string, string>> = {
  'volunteer/': policy("'self' https: http://127.0.0.1:* http://localhost:*"),
};

/** The content security policy of a file of the site. @param path ends with that of the file below the site */
export function policyOf(path: string): string {
  const page = path.replace(/index\.html$/, '');
  const own = Object.keys(pagePolicies).find((each) => `/${page}`.endsWith(`/${each}`));
  return own === undefined ? siteHeaders['Content-Security-Policy'] : pagePolicies[own];
}
