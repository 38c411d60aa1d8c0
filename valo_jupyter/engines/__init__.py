"""Where executions run: one port, and the engines that keep its promise."""
