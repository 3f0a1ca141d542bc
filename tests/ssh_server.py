"""An SSH server on the loopback that runs what it is told as the user who runs it: `python -m tests.ssh_server FOLDER`.

It prints its port, keeps the key that opens it in FOLDER/key and every command in FOLDER/told, and ends with its input.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import asyncssh


async def _serve(folder: Path) -> None:
    host, user = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    user.write_private_key(folder / "key")
    user.write_public_key(folder / "authorized")

    async def run(process: asyncssh.SSHServerProcess[bytes]) -> None:
        command = process.command or ""
        with (folder / "told").open("a") as told:
            told.write(command + "\n")
        pipe = asyncio.subprocess.PIPE
        own = await asyncio.create_subprocess_shell(command, stdin=pipe, stdout=pipe, stderr=pipe)
        await process.redirect(stdin=own.stdin, stdout=own.stdout, stderr=own.stderr)
        code = await own.wait()
        await process.stdout.drain()  # an exit cuts off what is still on its way, and the connection with it
        await process.stderr.drain()
        process.exit(code)

    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host],
        authorized_client_keys=str(folder / "authorized"),
        process_factory=run,
        encoding=None,
    )
    port, public = server.get_port(), host.export_public_key().decode().strip()
    (folder / "known").write_text(f"[127.0.0.1]:{port} {public}\n")
    print(port, flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
