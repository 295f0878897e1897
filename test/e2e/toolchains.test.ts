// Toolchains that come as a folder of this machine, on sdists that say in a lock file what they are made of.
import { expect, it } from 'vitest';
import { findToolchainFolder } from '../../adapters/docker/toolchain-folder.js';
import { useAttemptBench } from './attempt-bench.js';

const rust = process.env.WHEELWRIGHT_RUST_TOOLCHAIN ?? (await findToolchainFolder('rust'));
const go = process.env.WHEELWRIGHT_GO_TOOLCHAIN ?? (await findToolchainFolder('go'));

const bench = useAttemptBench();

const fetched = (name: string) =>
  expect.objectContaining({ kind: 'source', name, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });

it.skipIf(rust === undefined)('builds a Rust extension without a network, from crates fetched by hash', async () => {
  const finished = await bench.attempt(await bench.order('rpds-py==0.27.1', { toolchains: ['rust'] }));
  expect(finished.outcome, finished.log).toMatchObject({
    kind: 'succeeded',
    wheel: { filename: 'rpds_py-0.27.1-cp313-cp313-manylinux_2_31_x86_64.whl' },
  });
  expect(finished.inputs).toContainEqual(fetched('crates/pyo3'));
});

// The one has a go.sum and the packages of a go.mod from after 1.17, the other neither.
it.skipIf(go === undefined).each([
  ['gojsonnet==0.22.0', 'gojsonnet-0.22.0-', 'go/sigs.k8s.io/yaml'],
  ['dockerfile==3.4.0', 'dockerfile-3.4.0-', 'go/github.com/moby/buildkit'],
])('builds %s without a network, from Go modules fetched by hash', async (requirement, filename, module) => {
  const finished = await bench.attempt(await bench.order(requirement, { toolchains: ['go'] }));
  expect(finished.outcome, finished.log).toMatchObject({
    kind: 'succeeded',
    wheel: { filename: expect.stringMatching(new RegExp(`^${filename}.*-manylinux_2_31_x86_64\\.whl$`)) },
  });
  expect(finished.inputs).toContainEqual(fetched(module));
  expect(finished.inputs).toContainEqual(expect.objectContaining({ kind: 'toolchain', name: 'go' }));
});

const POM_START =
  '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>sample</groupId><version>1.0</version>';
const MAVEN_HOOKS = `
import pathlib, subprocess
def build(folder, write_wheel):
    subprocess.run(["mvn", "--batch-mode", "--quiet", "install"], cwd="java", check=True)
    jar = pathlib.Path("java/app/target/app-1.0.jar").read_bytes()
    return write_wheel(folder, {"sample.py": b"", "sample-app.jar": jar})
`;
const MAVEN_FILES = {
  'java/pom.xml': `${POM_START}<artifactId>all</artifactId><packaging>pom</packaging>
    <properties>
      <maven.compiler.source>11</maven.compiler.source><maven.compiler.target>11</maven.compiler.target>
      <gson.version>2.10.1</gson.version>
    </properties>
    <modules><module>lib</module><module>app</module></modules>
    <dependencyManagement><dependencies>
      <dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>4.13.2</version></dependency>
    </dependencies></dependencyManagement></project>`,
  'java/lib/pom.xml': `<project><modelVersion>4.0.0</modelVersion><artifactId>lib</artifactId>
    <parent><groupId>sample</groupId><artifactId>all</artifactId><version>1.0</version></parent>
    <dependencies>
      <dependency><groupId>com.google.code.gson</groupId><artifactId>gson</artifactId><version>\${gson.version}</version></dependency>
      <dependency><groupId>junit</groupId><artifactId>junit</artifactId><scope>test</scope></dependency>
    </dependencies></project>`,
  'java/app/pom.xml': `<project><modelVersion>4.0.0</modelVersion><artifactId>app</artifactId>
    <parent><groupId>sample</groupId><artifactId>all</artifactId><version>1.0</version></parent>
    <dependencies>
      <dependency><groupId>sample</groupId><artifactId>lib</artifactId><version>\${project.version}</version></dependency>
    </dependencies>
    <build><plugins><plugin><artifactId>maven-shade-plugin</artifactId><version>3.5.1</version>
      <executions><execution><phase>package</phase><goals><goal>shade</goal></goals></execution></executions>
    </plugin></plugins></build></project>`,
  'java/app/src/main/java/App.java': 'class App { String text = new com.google.gson.Gson().toJson(6 * 7); }',
};

it('builds with Maven without a network, from artifacts fetched for its modules and plugins', async () => {
  const sdist = await bench.makeSdist({ hooks: MAVEN_HOOKS, files: MAVEN_FILES });
  const finished = await bench.attempt(await bench.orderFor(sdist, { toolchains: ['java'] }));
  expect(finished.outcome, finished.log).toMatchObject({ kind: 'succeeded' });
  expect(finished.inputs).toContainEqual(fetched('maven/com.google.code.gson:gson'));
  expect(finished.inputs).toContainEqual(fetched('maven/org.apache.maven.plugins:maven-shade-plugin'));
  expect(finished.inputs.filter(({ name }) => name.startsWith('maven/sample:'))).toEqual([]);
});

it('lets no pom.xml load anything where there is a network', async () => {
  const extension =
    '<build><extensions><extension><groupId>sample</groupId><artifactId>absent</artifactId><version>1</version></extension></extensions></build>';
  const files = { 'java/pom.xml': `${POM_START}<artifactId>all</artifactId>${extension}</project>` };
  const sdist = await bench.makeSdist({ hooks: MAVEN_HOOKS, files });
  const finished = await bench.attempt(await bench.orderFor(sdist, { toolchains: ['java'] }));
  expect(finished.outcome, finished.log).toMatchObject({ kind: 'failed', failure: { phase: 'build' } });
  expect(finished.log).toContain('sample:absent');
});

it('lets no pom.xml stand for a plugin that Maven runs where there is a network', async () => {
  const pom = `<project><modelVersion>4.0.0</modelVersion><groupId>org.apache.maven.plugins</groupId>
    <artifactId>maven-resources-plugin</artifactId><version>2.6</version><packaging>maven-plugin</packaging><dependencies>
      <dependency><groupId>sample</groupId><artifactId>absent</artifactId><version>1</version></dependency>
    </dependencies></project>`;
  const sdist = await bench.makeSdist({ hooks: MAVEN_HOOKS, files: { 'java/pom.xml': pom } });
  const finished = await bench.attempt(await bench.orderFor(sdist, { toolchains: ['java'] }));
  expect(finished.outcome, finished.log).toMatchObject({ kind: 'failed', failure: { phase: 'build' } });
  expect(finished.log).toContain('java/pom.xml says that it is a part of Maven itself');
});
