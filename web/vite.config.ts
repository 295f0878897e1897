import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  // Relative, so that one build works at / and behind any path prefix; api/web.ts says where the root is.
  base: './',
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    // Inlined assets would be data: URLs, which the Content-Security-Policy refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // For `npm run dev:web`: the API of `./wheelwright up`.
  server: { proxy: { '/api': process.env.WHEELWRIGHT_API_URL ?? 'http://127.0.0.1:8080' } },
});
