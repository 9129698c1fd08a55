() => { setTimeout(() => document.querySelector(SELECTOR)?.click(), 200); }
