import { defineConfig } from 'vite';

// The index-server as one file and what it loads later: reading and linking two hundred modules is half of its start. What the compiler made beside it stays as
// it is, and does the same.
export default defineConfig({
  build: {
    ssr: 'index-server/main.ts',
    outDir: 'dist/index-server',
    emptyOutDir: false,
    copyPublicDir: false,
    target: 'node20',
    minify: false,
    sourcemap: true,
    rollupOptions: { output: { entryFileNames: 'main.js', chunkFileNames: 'bundled/[name].js' } },
  },
  // These bring files of their own, or are loaded only when somebody asks for what they do.
  ssr: { noExternal: true, external: ['better-sqlite3', 'pino', 'undici', 'prom-client'] },
});
