import { generateKeyPairSync, randomBytes } from "node:crypto";

/** Keys are made when the tests run: none stands in this file. */
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
const pkcs8 = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const pkcs1 = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
const sec1 = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "sec1", format: "pem" }).toString();
const openssh = `-----BEGIN OPENSSH PRIVATE KEY-----\n${randomBytes(90).toString("base64")}\n-----END OPENSSH PRIVATE KEY-----\n`;
const pgp = `-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n${randomBytes(90).toString("base64")}\n-----END PGP PRIVATE KEY BLOCK-----\n`;
const encrypted = `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n${randomBytes(90).toString("base64")}\n-----END RSA PRIVATE KEY-----\n`;
const der = privateKey.export({ type: "pkcs8", format: "der" });
const certificate = `-----BEGIN CERTIFICATE-----\n${randomBytes(90).toString("base64")}\n-----END CERTIFICATE-----\n`;
const spki = publicKey.export({ type: "spki", format: "pem" }).toString();
const serviceAccount = JSON.stringify({ type: "service_account", private_key: pkcs8, client_email: "x@y.iam" }, null, 2);
const jwk = JSON.stringify(privateKey.export({ format: "jwk" }));
const publicJwk = JSON.stringify(publicKey.export({ format: "jwk" }));

function elf(type: number): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  bytes.writeUInt16LE(type, 16);
  return bytes;
}

/** A Java key store with one entry: a key, or a certificate that is trusted. */
function keyStore(tag: 1 | 2): Buffer {
  const head = Buffer.from("feedfeed0000000200000001", "hex");
  const rest =
    tag === 1
      ? randomBytes(60)
      : Buffer.concat([Buffer.from("0005"), Buffer.from("X.509"), Buffer.from("00000010", "hex"), randomBytes(36)]);
  const entry = Buffer.concat([Buffer.from([0, 0, 0, tag, 0, 1, 0x61]), Buffer.alloc(8), rest]);
  return Buffer.concat([head, entry]);
}

const X = "x";
const NAMES = [
  // package managers
  ".npmrc .yarnrc .yarnrc.yml bunfig.toml auth.ini .pypirc .condarc .NPMRC .gem/credentials .cargo/credentials .cargo/credentials.toml .m2/settings.xml",
  ".gradle/gradle.properties .composer/auth.json .nuget/NuGet.Config nuget.config pip.conf .bundle/config .config/pip/pip.conf",
  // logins
  ".netrc _netrc .authinfo .git-credentials .gitconfig .sentryclirc .pgpass .my.cnf .mylogin.cnf .htpasswd .dockercfg .dockerconfigjson .boto .s3cfg",
  ".passwd-s3fs .terraformrc terraform.rc .vault-token .smbcredentials .msmtprc .databrickscfg rclone.conf .config/rclone/rclone.conf kubeconfig",
  "prod.kubeconfig kaggle.json credentials credentials.json application_default_credentials.json client_secret.json client_secret_12.apps.json",
  "shop-firebase-adminsdk-abc12-0123456789.json service-account.json .config/gcloud/credentials.db .config/gh/hosts.yml .config/hub .huggingface/token",
  ".codex/auth.json .claude/.credentials.json .cursor/mcp.json .password-store/a.gpg",
  // variables
  ".env .env.local .env.production .env_prod .env-staging .env~ .env.bak .env.local.bak .envrc .dev.vars .dev.vars.production local.settings.json .flaskenv prod.env docker.env",
  "deploy/app.env .secrets secrets.json secrets.yml master.key env.production",
  // clouds
  ".aws/credentials .azure/accessTokens.json .oci/config .aliyun/config.json .kube/config .docker/config.json .vercel/project.json .netlify/state.json",
  ".wrangler/state terraform.tfstate terraform.tfstate.backup terraform.tfvars prod.auto.tfvars x.tfvars.json .terraform.d/credentials.tfrc.json .pulumi/credentials.json .serverless/state.json",
  // keys
  "id_rsa id_dsa id_ecdsa id_ed25519 id_ed25519_sk id_rsa_work id_rsa.old id_ed25519.bak ssh_host_rsa_key cert.p12 CERT.PFX putty.ppk release.jks android.keystore",
  "passwords.kdbx AuthKey_1.p8 secring.gpg client.ovpn .ssh/known_hosts .gnupg/trustdb.gpg",
  // copies and editors' files
  ".npmrc.bak .npmrc~ .npmrc.swp .npmrc.old .npmrc.orig .npmrc_backup .yarnrc.yml.bak .netrc.save .pypirc.1 #.netrc# .npmrc.2026-11-28 credentials.bak .credentials.swp",
  "notes.txt.swp main.js.swo kubeconfig.old auth.ini.bak kubeconfig~",
  ".vscode/sftp.json .idea/dataSources.xml .idea/webServers.xml sftp-config.json .ftpconfig",
  // logs, histories, dumps
  "npm-debug.log yarn-error.log .bash_history .zsh_history .python_history .node_repl_history .ts_node_repl_history .irb_history fish_history .history/a.js .npm/_logs/1.log .viminfo",
  "Heap.20261128.heapsnapshot dump.hprof login.har capture.pcap report.20261128.075800.1234.0.001.json crash.mdmp",
];

/** Secrets by path, with what stands in them. */
export const PLANTS: readonly (readonly [string, string | Uint8Array])[] = [
  ...NAMES.flatMap((line) => line.split(" ")).map((name) => [name, X] as const),
  ["credentials copy.json", X],
  ["secrets (1).json", X],
  ["deploykey", pkcs8],
  ["deploy_key.txt", pkcs1],
  ["server.crt", certificate + pkcs8],
  ["tls.cert", sec1],
  ["server.key", pkcs1],
  ["both.pem", certificate + encrypted],
  ["late.pem", "x".repeat(2_000_000) + pkcs8],
  ["apns.p8", pkcs8],
  ["config/jwt", openssh],
  ["signing.asc", pgp],
  ["gcp.json", serviceAccount],
  ["one-line.json", `{"key":"${pkcs8.replaceAll("\n", "\\n")}"}`],
  ["windows.txt", pkcs8.replaceAll("\n", "\r\n")],
  ["values.yaml", `tls:\n  key: |\n    ${pkcs8.replaceAll("\n", "\n    ")}`],
  ["README-deploy.md", `Use this:\n\n${pkcs8}`],
  ["settings.ini", `key = "${pkcs8.split("\n").join("\\n")}"`],
  ["server.der", der],
  ["binary.key", der],
  ["jwk.json", jwk],
  ["wg0.conf", `[Interface]\nPrivateKey = ${randomBytes(32).toString("base64")}\n`],
  ["age.txt", `# created\nAGE-SECRET-KEY-1${"Q".repeat(58)}\n`],
  ["putty.txt", "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\nPrivate-Lines: 1\n"],
  ["trust", keyStore(1)],
  ["core", elf(4)],
  ["core.1234", elf(4)],
  ["node.core", elf(4)],
];

/** What looks alike and has to go in. */
export const INNOCENTS: readonly (readonly [string, string | Uint8Array])[] = [
  ...[
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.local.example",
    "example.env",
    "environment",
    "environment.ts",
    "key.js",
    ".gitignore",
    ".nvmrc",
  ].map((name) => [name, X] as const),
  ...[
    "credentials.js",
    "credentials/index.js",
    "secrets.js",
    "secret.ts",
    "history.js",
    "history/index.js",
    "core/index.js",
    "core.js",
    "core.min.js",
    "kubeconfig.js",
  ].map((name) => [name, X] as const),
  ...[
    "id_rsa.pub",
    "id_ed25519_work.pub",
    "terraform.tfvars.example",
    "kubeconfig.sample",
    ".editorconfig",
    ".vscode/settings.json",
    ".idea/modules.xml",
    "npmrc.md",
  ].map((name) => [name, X] as const),
  ...[
    "tokens.json",
    "auth.json",
    "config.json",
    "settings.json",
    "npm-debug.js",
    ".eslintrc.json",
    ".babelrc",
    "report.json",
    "docker-compose.yml",
    "Dockerfile",
    ".dockerignore",
  ].map((name) => [name, X] as const),
  ["core", X],
  ["prog.core", elf(2)],
  ["ca.pem", certificate],
  ["cacert.crt", certificate + certificate],
  ["public.key", spki],
  ["public.pem", spki],
  ["public.json", publicJwk],
  ["jwks.json", `{"keys":[${publicJwk}]}`],
  ["cacerts", keyStore(2)],
  ["cert.der", Buffer.from("308203a130820289", "hex")],
  [
    "pem.js",
    'const pem = `-----BEGIN PRIVATE KEY-----\\n${body}\\n-----END PRIVATE KEY-----`; if (x.includes("-----BEGIN RSA PRIVATE KEY-----")) y();',
  ],
  ["docs.md", "A key begins with `-----BEGIN PRIVATE KEY-----` and ends with `-----END PRIVATE KEY-----`.\n"],
  ["schema.json", '{"description": "PEM, as -----BEGIN PRIVATE KEY----- ... -----END PRIVATE KEY-----", "pattern": "PRIVATE KEY"}'],
  ["node_modules/a/test/fixtures/kubeconfig", X],
  ["node_modules/a/test/credentials.json", X],
  ["node_modules/a/test/deploykey", pkcs8],
  ["node_modules/a/lib/jwt.js", `const key = \`${pkcs8}\`;`],
  ["node_modules/a/cacert.pem", certificate],
];

/** A private key as a text, for those who write it into a program. */
export const KEY_TEXT = pkcs8;
