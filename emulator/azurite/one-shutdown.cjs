// Lets Azurite shut down once, however often it is asked to.
//
// When a parent with several threads is killed, the kernel sends the "parent died" signal once for each of them. Azurite
// listens to the first one only, and the second would kill it before it has saved its index. Until Azurite listens,
// nothing is changed: a signal during its start ends it at once.
"use strict";

const keepRunning = () => {};

process.on("newListener", (event, listener) => {
  if (event === "SIGTERM" && listener !== keepRunning && !process.listeners(event).includes(keepRunning)) {
    process.on(event, keepRunning);
  }
});
