// Addresses of our own pages, relative, so that they hold under any prefix.

import {address} from "./api.js";

// A target's own page. `target` and `module` are the labels that its metrics
// and alerts carry.
export function targetAddress({target, module}) {
  return address("target", {target, module});
}
