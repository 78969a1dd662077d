# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Installs the groups of packages.txt that are named. Sourced by ./dev.
# Says what is missing and how much it will download, then asks the package
# managers; where nothing is missing it says nothing and asks nobody.

# wanted KIND GROUP...: the packages of that kind, without those whose command is there.
wanted() {
  local kind=$1 group found package unless command
  shift
  while read -r group found package unless command; do
    [ "$found" = "$kind" ] || continue
    [[ " $* " = *" $group "* ]] || continue
    [ "$unless" = unless ] && command -v "$command" >/dev/null && continue
    echo "$package"
  done < <(sed 's/#.*//' packages.txt)
}

setup_debian() {
  local missing=() package as_root=() installed
  installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | sed -n 's/^ii *//p')
  for package in $(wanted deb "$@"); do
    grep -qxF "$package" <<<"$installed" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || {
    echo "dev: this is not Debian; install these yourself: ${missing[*]}" >&2
    return 4
  }
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  echo "== missing: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  apt-get install --no-install-recommends --assume-no "${missing[@]}" 2>/dev/null |
    grep -E '^(Need to get|After this operation)' || true
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq \
    --no-install-recommends "${missing[@]}" >build/apt.log 2>&1 || {
    tail -n 20 build/apt.log >&2
    echo "dev: apt-get could not install the packages above (build/apt.log has all it said)" >&2
    return 4
  }
}

# npm removes what one install does not name, so those already there are named again.
setup_npm() {
  local package missing=() present=()
  for package in $(wanted npm "$@" | sort -u); do
    npm_has "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  for package in $(awk '$2 == "npm" { print $3 }' packages.txt | sort -u); do
    npm_has "$package" && present+=("$package")
  done
  echo "== npm: ${missing[*]}"
  npm install --prefix build --no-save --no-package-lock --no-audit --no-fund \
    --ignore-scripts --loglevel=error "${missing[@]}" "${present[@]}" >build/npm.log 2>&1 || {
    tail -n 20 build/npm.log >&2
    echo "dev: npm could not install the packages above" >&2
    return 4
  }
}

npm_has() { [ -e "build/node_modules/${1%@*}/package.json" ]; }

setup() {
  mkdir -p build
  setup_debian "$@" && setup_npm "$@"
}
