// Everything is there: show it.
{
  const { find, store } = coterie;
  coterie.startTheme();
  const data = JSON.parse(find("data").textContent);
  store.data = data;
  store.load(data);
  coterie.startPanes();
  coterie.ready = true;
}
