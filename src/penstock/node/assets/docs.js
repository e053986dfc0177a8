// Starts Swagger UI. The page says where the OpenAPI document is; nothing else is configurable,
// and nothing is ever asked of another host.
"use strict";

window.addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("docs");
  SwaggerUIBundle({
    domNode: place,
    url: place.dataset.openapi,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    validatorUrl: null, // the default sends the document to a public validator
    queryConfigEnabled: false, // ?url=… would let a link show somebody else's API as ours
    persistAuthorization: false, // a key does not outlive its page
    deepLinking: true,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    defaultModelsExpandDepth: 0,
  });
});
