/* Browsers refuse to start a worker from file://, so the search runs in a hidden frame instead. */
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      this.frame = document.createElement("iframe")
      this.frame.hidden = true
      this.ready = new Promise((resolve) => {
        this.frame.addEventListener("load", resolve, { once: true })
      })
      this.frame.srcdoc =
        "<script>self.postMessage = (data) => parent.postMessage(data, '*')<\/script>" +
        `<script src="${url}"><\/script>`
      document.documentElement.appendChild(this.frame)
      window.addEventListener("message", (event) => {
        if (event.source !== this.frame.contentWindow) return
        const copy = new MessageEvent("message", { data: event.data })
        this.dispatchEvent(copy)
        if (this.onmessage) this.onmessage(copy)
      })
    }

    postMessage(data) {
      this.ready.then(() => {
        this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data }))
      })
    }

    terminate() {
      this.frame.remove()
    }
  }
}
