export function RecipesPage() {
  return (
    <div class="page">
      <h1>Recipes</h1>
    </div>
  );
}
