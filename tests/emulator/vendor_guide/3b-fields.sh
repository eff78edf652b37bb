curl https://api.experiture.ai/public/v1/metadata/objects/profiles \
  -H "Authorization: Bearer <your_access_token>" \
  | jq '[.data.fields[] | {name: .name, type: .type, required: .required}]'
