// Plays the client of docs/clients/browser.html without a browser: two of them, a game and its rematch.
//     node browser_client.mjs browser.html URL
import { readFileSync } from "node:fs";

const [page, url] = process.argv.slice(2);
const [, script] = readFileSync(page, "utf8").match(/<script id="client">([\s\S]*?)<\/script>/);
const { Client } = new Function(`${script}; return { Client };`)();

/** Resolves once a client is as it should be. */
function until(client, wanted) {
  return new Promise((resolve) => {
    client.changed = () => wanted(client) && resolve(client.game);
    client.changed();
  });
}

const over = ({ game }) => game && !["waiting", "playing"].includes(game.status);

/** Plays the first free cell whenever it is this client's turn; the game that is over. */
async function finish(client, id) {
  const mine = () => client.game?.id === id;
  for (;;) {
    const game = await until(client, () => mine() && (over(client) || (client.myTurn && !client.pending)));
    if (over(client)) return game;
    await client.play(game.board.indexOf(".")).catch(() => {});
  }
}

const [ada, bob] = [0, 0].map(() => new Client(url, { patience: 300, silence: 300 }));
const { id } = await ada.start("Ada");
await bob.join("Bob", id);
const ended = await Promise.all([finish(ada, id), finish(bob, id)]);
for (const client of [ada, bob]) await client.seated({ type: "rematch", id }).catch(() => {});
await Promise.all([ada, bob].map((client) => until(client, () => client.game && client.game.id !== id)));
const again = ada.game.id;
const ended2 = await Promise.all([finish(ada, again), finish(bob, again)]);
for (const client of [ada, bob]) client.close();
const told = (games) => games.map(({ status, winner, moves }) => [status, winner, moves]);
console.log(JSON.stringify({ first: told(ended), second: told(ended2), same: again === bob.game.id }));
