# `npm ci` builds. Where the compiler is not installed (npm ci --omit=dev, making a lock file) there is nothing to do:
# a packed package ships dist/.
if [ -x node_modules/.bin/tsc ]; then
  npm run --silent build
  # npm links the bins of dependencies, not a package's own: with this, `npx runbook` in a checkout starts at once
  # instead of installing the checkout into npm's cache first.
  ln -sf ../../bin/runbook.js node_modules/.bin/runbook
fi
