import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

import { licences } from './vite.licences.ts'

// Where `npm run dev` finds a node: JINGWEI_API, by default the demo's address.
const api = process.env.JINGWEI_API ?? 'http://127.0.0.1:8480'

export default defineConfig({
  plugins: [react(), licences()],
  build: {
    target: 'es2022',
    sourcemap: false,
    // The trend's chart library is one lazy file of about this size.
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      output: {
        // The frame and the controls change at another pace than our pages: a browser keeps them over an update.
        codeSplitting: {
          groups: [{ name: 'react', test: /node_modules[\\/](react|react-dom|react-router|scheduler|@tanstack)[\\/]/ }],
        },
      },
    },
  },
  server: {
    proxy: {
      '/api': { target: api, changeOrigin: false },
      '/healthz': api,
    },
  },
  test: {
    include: ['src/**/*.test.ts', 'src/**/*.test.tsx'],
    environment: 'node',
    env: { TZ: 'Asia/Shanghai' },
  },
})
