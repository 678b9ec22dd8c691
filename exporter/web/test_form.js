// The form that tests any permitted server now.

import {make} from "./dom.js";
import {TestRun} from "./test_run.js";

const RULES = {
  configured: "Only the targets below may be tested: on_demand.allow in the " +
      "configuration permits more.",
  listed: "The targets below and what on_demand.allow names may be tested.",
  any: "Any public mail server may be tested.",
};

export class TestForm {
  constructor(form, element) {
    this.form_ = form;
    this.run_ = new TestRun(element);
    this.modules_ = "";
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit_();
    });
  }

  // What api/v1/status tells of modules and of who may be tested.
  setStatus(status) {
    this.form_.querySelector(".hint").textContent =
        RULES[status.on_demand] ?? "";
    const modules = JSON.stringify(status.modules);
    if (modules === this.modules_) return;
    this.modules_ = modules;
    const select = this.form_.elements.module;
    const chosen = select.value;
    select.replaceChildren(
        make("option", {value: ""}, "by port"),
        ...status.modules.map((name) => make("option", {value: name}, name)));
    if (status.modules.includes(chosen)) select.value = chosen;
  }

  submit_() {
    const {target, module, kind, hostname} = this.form_.elements;
    this.run_.run({
      target: target.value.trim(),
      module: module.value,
      kind: kind.value,
      hostname: hostname.value.trim(),
    });
  }
}
