const programs = ['api', 'index-server', 'worker', 'cli', 'web'];

module.exports = {
  forbidden: [
    {
      name: 'core-is-pure',
      severity: 'error',
      comment: 'core/ holds the domain: it knows no program, no technology and does no I/O',
      from: { path: '^core/' },
      to: { path: '^(adapters|client|api|index-server|worker|cli|web)/' },
    },
    {
      name: 'core-does-no-io',
      severity: 'error',
      from: { path: '^core/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|stream|path/posix|url|buffer|string_decoder)$' },
    },
    {
      name: 'adapters-know-no-program',
      severity: 'error',
      from: { path: '^(adapters|client)/' },
      to: { path: '^(api|index-server|worker|cli|web)/' },
    },
    {
      name: 'adapters-know-no-other-adapter',
      severity: 'error',
      comment: 'but host/, the machine that all of them run on',
      from: { path: '^adapters/([^/]+)/' },
      to: { path: '^adapters/', pathNot: '^adapters/($1|host)/' },
    },
    ...programs.map((program) => ({
      name: `${program}-imports-no-other-program`,
      severity: 'error',
      from: { path: `^${program}/` },
      to: { path: `^(${programs.filter((other) => other !== program).join('|')})/` },
    })),
    {
      name: 'web-is-for-browsers',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^adapters/' },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js'], conditionNames: ['import', 'node', 'default'] },
  },
};
