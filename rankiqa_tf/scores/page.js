const list = document.getElementById("photos");
if (list && list.children.length > 1) {
  const worst = [...list.children];
  const name = (card) => card.querySelector(".name").textContent;
  const byName = (one, other) => name(one).localeCompare(name(other), "en");
  const orders = {
    worst: () => worst,
    best: () => [...worst].reverse(),
    name: () => [...worst].sort(byName),
  };
  const choice = document.getElementById("order");
  choice.hidden = false;
  choice.addEventListener("change", (event) => {
    list.append(...orders[event.target.value]());
  });
}
