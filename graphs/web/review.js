// What the curator proposed and was not simply applied: held until a person decides, or refused by a check.
{
  const { el, live } = coterie;

  const proposals = (id, title, status, empty, more) => {
    const heading = el("p.sum", { role: "status" });
    const list = el("ul.queue");
    const element = el("section.view", { id, "aria-label": title, hidden: true }, heading, list);
    const refresh = async () => {
      const user = live.user();
      let found = [];
      try {
        if (user) found = await live.ask("proposals", { status });
      } catch (error) {
        heading.textContent = error.message;
        return;
      }
      if (user !== live.user()) return;
      if (status === "held") live.badge(id, found.length);
      heading.textContent = !user ? "Proposals are about a user: choose one." : found.length ? `${coterie.count(found.length, "proposal")}${found.length > 1 ? `, the ${status === "held" ? "oldest" : "newest"} first` : ""}.` : empty;
      list.replaceChildren(...(status === "held" ? found.reverse() : found).map((one) => entry(one, more)));
    };
    live.views.push({ id, title, element, show: refresh, changed: refresh });
  };

  const words = ({ before, memory }) => {
    if (before.length === 1 && memory) return coterie.changed(before[0], memory);
    return [before.map((text) => el("del", {}, text)), memory && el("ins", {}, memory)].flat().flatMap((one) => [one, " "]);
  };

  const entry = (proposal, more) => {
    const name = proposal.agent_id || proposal.team_id;
    return el("li", { "data-proposal": proposal.proposal_id },
      el("p.did", {}, el("b", {}, proposal.op), name ? [" by the curator of ", live.chip(name)] : "", " · ", live.when(proposal.at)),
      el("p.words", {}, words(proposal)),
      proposal.quote && el("p.small", {}, "because of ", el("q", {}, proposal.quote)),
      el("p.small", {}, el("span.sign", {}, proposal.why)),
      more(proposal));
  };

  const decide = async (proposal, verb, question, done) => {
    const path = `proposals/${proposal.proposal_id}/${verb.toLowerCase()}`;
    if (await live.sure(question, verb, el("blockquote", {}, words(proposal)))) await live.write(done, path);
  };

  proposals("review", "Review", "held", "Nothing waits for a decision. The curator asks where a MemoryManager has approval=\"ask\".", (proposal) =>
    el("p.buttons", {},
      el("button.go", { type: "button", onclick: () => decide(proposal, "Accept", "Accept this proposal?", "Accepted.") }, "Accept"),
      el("button", { type: "button", onclick: () => decide(proposal, "Reject", "Reject this proposal?", "Rejected.") }, "Reject")));
  proposals("refused", "Refused", "refused", "Nothing was refused.", () => "");
}
