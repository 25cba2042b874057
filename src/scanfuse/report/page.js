// Where there is no pointer to hover with, the number of a mark stands below its figure once it is tapped.
document.querySelectorAll("figure svg").forEach(function (svg) {
  var reading = svg.closest("figure").querySelector(".reading");
  svg.addEventListener("click", function (event) {
    var mark = event.target.closest("rect,circle,polygon,path,text");
    var title = mark && mark.querySelector("title");
    if (title) reading.textContent = title.textContent;
  });
});
