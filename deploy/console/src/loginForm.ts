// The log-in, and the word on the connection. What is typed goes to the connection and is kept nowhere else.
import { byId, setText } from "./dom";
import type { LinkState, Login } from "./link";
import { defaults, isBrokerUrl, isPrefix, type PageSettings } from "./pageSettings";

const form = byId("login", HTMLFormElement);
const url = byId("url", HTMLInputElement);
const prefix = byId("prefix", HTMLInputElement);
const user = byId("user", HTMLInputElement);
const password = byId("password", HTMLInputElement);
const note = byId("login-note", HTMLElement);
const badge = byId("link", HTMLElement);
const leave = byId("leave", HTMLButtonElement);
const board = byId("board", HTMLElement);

const words: Record<LinkState["kind"], string> = {
  off: "not connected",
  connecting: "connecting",
  online: "connected",
  lost: "no broker",
  refused: "refused",
};

export class LoginForm {
  /** A page that a device serves finds that device's own broker beside itself. */
  private readonly ownUrl = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/mqtt`;
  private blocked = false;
  private hadUser = false;
  private state: LinkState = { kind: "off" };

  constructor(
    private readonly open: (login: Login) => void,
    left: () => void,
  ) {
    this.prefill(defaults);
    form.addEventListener("submit", (e) => {
      e.preventDefault();
      this.enter();
    });
    leave.addEventListener("click", left);
    document.addEventListener("securitypolicyviolation", (e) => {
      if (e.effectiveDirective !== "connect-src") return;
      this.blocked = true;
      this.show(this.state);
    });
  }

  prefill({ brokerUrl, prefix: of }: PageSettings): void {
    url.value = brokerUrl === "" ? this.ownUrl : brokerUrl;
    prefix.value = of;
  }

  /** Connects with what the form says. */
  enter(): void {
    const login: Login = { url: url.value.trim(), prefix: prefix.value.trim(), user: user.value, password: password.value };
    if (!isPrefix(login.prefix)) {
      note.textContent =
        "The topic prefix is that of the devices (mqtt.topic_prefix): levels between single slashes, without + # $ and spaces.";
      return;
    }
    if (!isBrokerUrl(login.url)) {
      note.textContent = "The address begins with ws:// or wss://, for example ws://robot:9001/";
      return;
    }
    this.blocked = false;
    this.hadUser = login.user !== "";
    this.open(login);
    // from here on only the connection knows it
    password.value = "";
  }

  /** @param silent The broker gives no sign of life, although the connection stands. */
  show(now: LinkState, silent = false): void {
    this.state = now;
    setText(badge, silent ? "broker silent" : words[now.kind]);
    badge.dataset["kind"] = silent ? "lost" : now.kind;
    form.hidden = now.kind === "online" || (now.kind === "lost" && now.was);
    board.hidden = !form.hidden;
    leave.hidden = now.kind === "off" || now.kind === "refused";
    if (now.kind === "refused") {
      note.textContent = refusal(now, this.hadUser);
      if (now.login) user.focus();
    } else if (now.kind === "lost" && !now.was) {
      note.textContent = this.blocked
        ? "This page was served by a device and may reach only that device's own broker, or the one that its configuration names " +
          "(console.broker_url). Open the page from another web server to reach another broker."
        : `No broker answers at ${url.value}. Trying again; check the address and that the broker has a WebSocket listener.`;
    } else if (now.kind !== "connecting") {
      note.textContent = "";
    }
  }
}

/** Why the broker does not take the connection, and what to do. */
function refusal({ login, code, reason }: LinkState & { kind: "refused" }, hadUser: boolean): string {
  const words = `${reason}, code ${code}`;
  if (login && hadUser)
    return `The broker refuses this user and password (${words}). Check both; the user may also not be allowed to connect.`;
  if (login) return `The broker asks for a user and a password (${words}).`;
  if (code === 1 || code === 132) return `The broker does not speak MQTT 5, which this page needs (${words}).`;
  return `The broker refuses the connection (${words}).`;
}
