// Loaded into the Directus of tests: it accepts the one-time codes of the next minutes
// too, so that tests need not wait for a code that was not used yet.
const { createRequire } = require("node:module");

const { authenticator } = createRequire(`${process.env.PACKAGE_FILE_LOCATION}/`)("otplib");
authenticator.options = { window: [0, 8] };
