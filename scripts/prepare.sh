# `npm ci` builds. Where the compiler is not installed (npm ci --omit=dev, making a lock file) there is nothing to do:
# a packed package ships dist/.
if [ -x node_modules/.bin/tsc ]; then
  npm run --silent build
fi
