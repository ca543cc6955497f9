/** Preloaded into the daemon by inside.sh: SIGUSR2 makes its event loop hang for good. */
process.on("SIGUSR2", () => {
  for (;;);
});
