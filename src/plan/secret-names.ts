import type { Drop } from "./drops/drop.js";

const drop = (kind: string): Drop => ({ reason: "secret", kind });

const SETTINGS = drop("package manager's settings");
const CREDENTIALS = drop("credentials");
const ENVIRONMENT = drop("environment file");
const CLOUD = drop("settings of a service");
export const KEY = drop("private key");
const LOG = drop("log or history");
const EDITOR = drop("editor's file");
/** What a process held in memory, with its variables: heap snapshots, cores, recorded requests. */
export const DUMP = drop("dump of a process");
/** node-gyp's, with the paths of whoever built: never included, and too common to be called a secret. */
const BUILD_SETTINGS: Drop = { reason: "build", kind: "leftover of node-gyp" };

/** Names of files in lower case that hold credentials wherever they lie, by what they are. */
const FILES: ReadonlyMap<string, Drop> = byName([
  // package managers: registries' tokens and passwords
  [SETTINGS, ".npmrc .yarnrc .yarnrc.yml bunfig.toml .bunfig.toml auth.ini .pypirc .condarc .gemrc"],
  // logins of command line tools, a file each
  [CREDENTIALS, ".netrc _netrc .netrc.gpg .authinfo .authinfo.gpg .git-credentials .gitconfig .hgrc .cvspass .sentryclirc .sentry-cli.rc"],
  [
    CREDENTIALS,
    ".pgpass pgpass.conf .my.cnf .mylogin.cnf .mongorc.js .htpasswd .htdigest .dockercfg .dockerconfigjson .boto .s3cfg .passwd-s3fs",
  ],
  [
    CREDENTIALS,
    ".terraformrc terraform.rc .vault-token .smbcredentials .msmtprc .fetchmailrc .databrickscfg .ossutilconfig .wakatime.cfg .credentials",
  ],
  [CREDENTIALS, ".rclone.conf .ftpconfig .ftppass .remote-sync.json sftp-config.json .claude.json .git-crypt-key"],
  // variables that a program is started with
  [
    ENVIRONMENT,
    ".env .envrc .dev.vars local.settings.json .flaskenv .secrets .secret .secret.json .secrets.json .secrets.yml .secrets.yaml",
  ],
  // ssh's default names; those that go on (id_rsa_work) are known by KEY_NAME
  [KEY, "secring.gpg secring.pgp"],
  // what was typed
  [LOG, ".history .histfile .zhistory .dbshell .lesshst .viminfo .nviminfo .rhistory fish_history consolehost_history.txt"],
]);

/** Names that a published package may use for something else: only outside of node_modules are they secrets. */
const OWN_FILES: ReadonlyMap<string, Drop> = byName([
  [
    CREDENTIALS,
    "credentials credentials.json credentials.yml credentials.yaml credentials.toml credentials.ini credentials.csv accesskeys.csv rootkey.csv",
  ],
  [
    CREDENTIALS,
    "rclone.conf kubeconfig kubeconfig.yml kubeconfig.yaml kube.config nuget.config pip.conf pip.ini kaggle.json htpasswd dockerconfig.json",
  ],
  [
    CREDENTIALS,
    "application_default_credentials.json client_secret.json client_secrets.json service-account.json serviceaccount.json service_account.json",
  ],
  [
    CREDENTIALS,
    "serviceaccountkey.json service-account-key.json gcp-key.json gcloud-key.json firebase-adminsdk.json google-credentials.json",
  ],
  [CREDENTIALS, "http-client.private.env.json storage-state.json storagestate.json oauth_creds.json"],
  [
    ENVIRONMENT,
    "secrets.json secrets.yml secrets.yaml secrets.toml secrets.ini secret.json secret.yml secret.yaml master.key env.local env.production env.development env.staging",
  ],
  [CLOUD, "terraform.tfstate terraform.tfvars"],
]);

/** Folders of tools in a home that hold logins and sessions: no package publishes one. */
const FOLDERS: ReadonlyMap<string, Drop> = byName([
  [
    CLOUD,
    ".aws .azure .oci .aliyun .bluemix .ibmcloud .tencentcloud .kube .docker .terraform.d .pulumi .vercel .now .netlify .wrangler .fly .railway",
  ],
  [
    CLOUD,
    ".gcloud .boto.d .ngrok2 .cloudflared .serverless .chalice .sst .kaggle .snowsql .snowflake .dbt .databricks .doctl .heroku .supabase .mc",
  ],
  [CREDENTIALS, ".subversion .password-store .vnc .codex .gemini"],
  [KEY, ".ssh .gnupg .pki .sops .age"],
  [LOG, ".history .local-history .lh"],
]);

/** The last two or three parts of a path, where the name alone is too common. */
const TAILS: ReadonlyMap<string, Drop> = byName([
  [
    SETTINGS,
    ".composer/auth.json .nuget/nuget.config .pip/pip.conf pip/pip.conf .m2/settings.xml .m2/settings-security.xml .gradle/gradle.properties",
  ],
  [
    CREDENTIALS,
    ".gem/credentials .cargo/credentials .cargo/credentials.toml .huggingface/token huggingface/token gh/hosts.yml .config/hub .config/gcloud",
  ],
  [
    CREDENTIALS,
    ".config/configstore .config/op .config/stripe .config/doctl .config/rclone .config/netlify .config/git .config/pypoetry .config/containers .config/helm",
  ],
  [
    CREDENTIALS,
    ".bundle/config .claude/.credentials.json .claude/settings.local.json .continue/config.json .cursor/mcp.json .jupyter/jupyter_server_config.json",
  ],
  [CLOUD, ".turbo/config.json .terraform/terraform.tfstate .sfdx/alias.json"],
  [
    EDITOR,
    ".vscode/sftp.json .vscode/mcp.json .idea/datasources.xml .idea/datasources.local.xml .idea/webservers.xml .idea/workspace.xml .idea/httprequests",
  ],
  [EDITOR, ".idea/deployment.xml .idea/sshconfigs.xml .idea/datasources .idea/shelf nbproject/private"],
  [LOG, ".npm/_logs .yarn/_logs"],
]);

/** Endings, with what is before them left open: key stores wherever they lie. */
const ENDINGS: ReadonlyMap<string, Drop> = byName([[KEY, "p12 pfx pkcs12 ppk kdbx kdb"]]);

/** ... and those that published packages use as well. */
const OWN_ENDINGS: ReadonlyMap<string, Drop> = byName([
  [KEY, "jks keystore jceks bks bcfks p8 agilekeychain opvault keychain keychain-db ovpn"],
  [ENVIRONMENT, "env"],
  [CLOUD, "tfstate tfvars kubeconfig publishsettings"],
  [DUMP, "heapsnapshot heapprofile heaptimeline hprof har saz pcap pcapng mdmp stackdump"],
  [EDITOR, "swp swo swn"],
]);

/** Samples that are meant to be shared, and the public half of a pair of keys. */
const SAMPLE = /[._-](?:examples?|sample|template|tmpl)(?:\.[a-z]{2,4})?$|^(?:example|sample|template)[._-]|\.pub$/;
const KEY_NAME = /^(?:id_(?:rsa|dsa|ecdsa|ed25519)|ssh_host_[a-z0-9]{1,16}_key)(?:$|[._-])/;
const DEBUG_LOG = /^(?:npm-debug|yarn-debug|yarn-error|pnpm-debug|lerna-debug)\.log/;
const HISTORY = /^\.[a-z0-9_-]{1,40}_history$/;
/** `node --report-…` and `process.report`: with every environment variable. */
const NODE_REPORT = /^report\.\d{8}\.\d{6}\.\d{1,10}\.\d{1,6}\.\d{1,6}\.json$/;
/** Google's own names for what it lets people download: `shop-firebase-adminsdk-x1y2z-0123456789.json`. */
const GOOGLE_KEY = /^client_secret_[\w.-]{1,200}\.json$|-firebase-adminsdk-[\w-]{1,40}\.json$/;

/** What people and editors put behind a name when they keep an older state of a file, in lower case. */
const COPY =
  /(?:~|[._ -](?:bak|backup|back|old|orig|original|save|saved|sav|tmp|temp|copy|prev|previous|disabled|off|rpmsave|rpmnew|dpkg-old|dpkg-dist|sw[a-p]|\d{1,14}|\d{4}-\d\d-\d\d)|\.~\d{1,3}~| \(\d{1,3}\)| copy(?: \d{1,3})?)$/;

/** The same in front of an ending, as in `credentials copy.json` and `secrets.bak.json`. */
const COPY_INSIDE = /(?:[._ -](?:bak|backup|old|orig|copy)| \(\d{1,3}\)| copy \d{1,3})(?=\.[a-z0-9]{1,10}$)/;

/** What most files are, so that nothing else has to be tried. */
const PLAIN = /\.(?:[cm]?[jt]sx?|json|map|md|html?|css|svg|png)$/;

/** Dot files of which every variant is one more of the kind: `.env_prod`, `.npmrc-work`, `.netrc.old`. */
const FAMILIES = [
  ".env",
  ".dev.vars",
  ".npmrc",
  ".yarnrc",
  ".netrc",
  ".envrc",
  ".git-credentials",
  ".pypirc",
  ".pgpass",
  ".my.cnf",
  ".htpasswd",
  ".dockercfg",
  ".boto",
  ".secrets",
];

/** A table of names, written as a line of words for each kind. */
function byName(rows: readonly (readonly [Drop, string])[]): ReadonlyMap<string, Drop> {
  return new Map(rows.flatMap(([kind, names]) => names.split(" ").map((name) => [name, kind] as const)));
}

/**
 * Whether something is, by its name, a secret that never goes in unless it is named one by one. What a
 * file is by its content is told by findSecretContent.
 *
 * @param path relative to the environment's folder
 */
export function findSecret(path: string, given: string, isFolder: boolean): Drop | null {
  // On disks that fold names, `.NPMRC` is read as well.
  const name = given.toLowerCase();
  const found = (isFolder ? FOLDERS.get(name) : findFile(name)) ?? findTail(path.toLowerCase());
  if (found !== undefined) return found;
  if (!isFolder && name === "config.gypi" && /(?:^|\/)build\/config\.gypi$/.test(path)) return BUILD_SETTINGS;
  return isFolder || isInstalled(path) ? null : findOwnSecret(name);
}

/** Whether a path lies in a package that was installed: there such names stand for what the package publishes. */
export function isInstalled(path: string): boolean {
  return path.startsWith("node_modules/") || path.includes("/node_modules/");
}

/** Whether a file is, by its name in lower case, a secret outside of node_modules. */
export function findOwnSecret(name: string): Drop | null {
  for (const one of spellings(name)) {
    const found = OWN_FILES.get(one) ?? OWN_ENDINGS.get(endingOf(one)) ?? (one.endsWith(".tfvars.json") ? CLOUD : undefined);
    if (found !== undefined && !SAMPLE.test(one)) return found;
  }
  if (NODE_REPORT.test(name)) return DUMP;
  return GOOGLE_KEY.test(name) ? CREDENTIALS : null;
}

function findFile(name: string): Drop | undefined {
  if (SAMPLE.test(name)) return undefined;
  for (const one of spellings(name)) {
    const found = FILES.get(one) ?? ENDINGS.get(endingOf(one));
    if (found !== undefined) return found;
  }
  if (KEY_NAME.test(name)) return KEY;
  if (DEBUG_LOG.test(name)) return LOG;
  if (!name.startsWith(".")) return undefined;
  const family = FAMILIES.find((one) => name.startsWith(one) && /^[._~ -]/.test(name.slice(one.length)));
  if (family !== undefined) return FILES.get(family);
  return HISTORY.test(name) ? LOG : undefined;
}

function findTail(path: string): Drop | undefined {
  const last = path.lastIndexOf("/");
  return last === -1 ? undefined : TAILS.get(path.slice(path.lastIndexOf("/", last - 1) + 1));
}

/** A name, and the names that it may be a copy of: `.npmrc.bak` is one of `.npmrc`, `#.netrc#` one of `.netrc`. */
function spellings(name: string): string[] {
  const found = [name];
  if (PLAIN.test(name) && !COPY_INSIDE.test(name)) return found;
  let rest = name.replace(/^copy of /, "").replace(/^\.?#(.{1,254}?)#?$/, "$1");
  for (let steps = 0; steps < 4; steps++) {
    if (rest !== found.at(-1)) found.push(rest);
    const shorter = rest.replace(COPY, "").replace(COPY_INSIDE, "");
    if (shorter === rest || shorter === "") break;
    rest = shorter;
  }
  // The editor's file for `credentials` is `.credentials.swp`.
  return rest !== name && rest.startsWith(".") ? [...found, rest.slice(1)] : found;
}

function endingOf(name: string): string {
  const dot = name.lastIndexOf(".");
  // ".env" is a name of its own, and "x.env" has an ending.
  return dot <= 0 ? "" : name.slice(dot + 1);
}
