// Everything is there: show it.
{
  const { find, store } = coterie;
  coterie.startTheme();
  const data = JSON.parse(find("data").textContent);
  store.data = data;
  store.load(data);
  coterie.startPanes();
  if (data.mode === "live") coterie.startLive();
  coterie.ready = true;
}
