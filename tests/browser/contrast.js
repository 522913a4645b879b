// contrasts() returns [contrast, text] of every text that is shown, on the colours that are behind it.
globalThis.contrasts = () => {
  const context = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d');
  const paint = (colours) => {
    colours.forEach((colour) => {
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
    });
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (colour) => {
    const [red, green, blue] = colour.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || parent.tagName === 'NOSCRIPT' || !parent.checkVisibility()) continue;
    const behind = [];
    for (let one = parent; one; one = one.parentElement) behind.unshift(getComputedStyle(one).backgroundColor);
    const [low, high] = [luminance(paint(behind)), luminance(paint([...behind, getComputedStyle(parent).color]))]
      .sort((a, b) => a - b);
    found.push([(high + 0.05) / (low + 0.05), walker.currentNode.data]);
  }
  return found;
};
